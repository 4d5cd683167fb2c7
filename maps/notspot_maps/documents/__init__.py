"""The report for somebody to paste from or to print: a neutral document, written as DOCX, ODT and PDF."""
