package addrbook

// For tests that make keys of old kinds.
var DSAGroup = dsaGroup
