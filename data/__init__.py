"""Everything that comes in or is written as a table: readers, datums, standards, demo city."""
