package layers

// Tree and Panel are the drawn parts of the view, and WhatIf the lines of a
// question.
type (
	Tree  = tree
	Panel = panel
)

var (
	NewTree  = newTree
	NewPanel = newPanel
	WhatIf   = whatIfLines
)
