"""Keys, certificates and embedded authorities through cryptography."""
