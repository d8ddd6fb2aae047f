"""Reports: documents for people, made of plain blocks and rendered to one self-contained HTML file."""
