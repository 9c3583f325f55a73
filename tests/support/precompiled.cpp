// Gives the headers that are parsed once for all tests something to belong to.
