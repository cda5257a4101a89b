package analysis

// ColumnHeads writes names over the cells of a map.
var ColumnHeads = columnHeads
