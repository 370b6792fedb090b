"""`objc bench`: generated kernels against the frameworks' strongest forms, in one run on one machine."""
