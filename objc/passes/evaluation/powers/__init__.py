"""Powers and exponentials whose base is near one, or whose exponent is near zero."""
