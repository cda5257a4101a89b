// Package host is the contract between the workbench and its views: what a view
// may ask (Host), and what the workbench asks of a view (View and the optional
// interfaces beside it). Views know nothing else of the workbench, and nothing of
// each other.
//
// All methods are called from Bubble Tea's loop: they move data and never wait.
// What waits is a tea.Cmd.
package host
