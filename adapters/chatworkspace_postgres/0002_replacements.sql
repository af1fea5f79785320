-- A plan may stand beside a binding: what it becomes takes the place of what is bound. The constraint that forbade it has the name that the server gave
-- it: the second of those of the table that concern more than one column.

ALTER TABLE {schema}.chat DROP CONSTRAINT chat_check1;
