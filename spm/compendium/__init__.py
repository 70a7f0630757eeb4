"""The compendium: what makes this book. The library below never imports it."""
