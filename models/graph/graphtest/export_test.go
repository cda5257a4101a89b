package graphtest

import "innate/models/graph"

// Verify is the check of one graph up to a derivative, as an error.
func (c Case) Verify(order int, opts ...graph.Option) error {
	_, err := c.withDefaults().verify(order, opts...)
	return err
}
