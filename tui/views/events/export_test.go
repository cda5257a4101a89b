package events

// List is the log with a cursor, Tail its end on the dashboard.
type (
	List = list
	Tail = tail
)

// Detail is all that an event tells.
var Detail = detail
