// Package layers shows the network that is being trained: a tree of its layers
// with a map of it above, one layer at length beside it, and what a change of
// what is frozen would do. What is known of the layers is in package session;
// here it is drawn.
package layers
