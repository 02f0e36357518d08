"""Charts as PNG files, drawn with Pillow, which the renderers need anyway."""
