-- What a scan under way has read lies in a file of its own.
DROP TABLE journal;
