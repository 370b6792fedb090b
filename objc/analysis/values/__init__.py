"""What programs come to at inputs: ranges of all inputs, balls around one, drawn points."""
