"""The drawings: strings of SVG, one function a subject. They know ink and pose, and no scene."""
