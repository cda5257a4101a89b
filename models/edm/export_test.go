package edm

// Filters are the names of the resampling filters that a network has in Python.
func Filters(n Network) ([]string, error) {
	set, err := n.filters()
	if err != nil {
		return nil, err
	}
	return set.Names(), nil
}
