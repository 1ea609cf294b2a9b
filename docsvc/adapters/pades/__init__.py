"""PDF signatures through pyHanko."""
