"""Answering: a question and an analysed clip in, sentences out, each as soon as its facts are there."""
