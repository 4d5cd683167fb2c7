"""An account of coverage shown: its section of the report, tables, lists, charts, sheets; its shares as indicators."""
