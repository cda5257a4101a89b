package evaluation

import "innate/metrics"

// seenRows is a store of features that other judges of the same network read, too.
type seenRows struct {
	metrics.Store
	batches          int
	features, logits []float32 // of the last one
}

// Next implements metrics.Store.
func (s *seenRows) Next(features, logits []float32) (ok bool, err error) {
	if ok, err = s.Store.Next(features, logits); ok {
		s.see(features, logits)
	}
	return ok, err
}

// Append implements metrics.Store.
func (s *seenRows) Append(features, logits []float32) error {
	s.see(features, logits)
	return s.Store.Append(features, logits)
}

func (s *seenRows) see(features, logits []float32) {
	s.batches++
	s.features, s.logits = append(s.features[:0], features...), append(s.logits[:0], logits...)
}

// sameRows is the store of a judge that takes each step after the one of seenRows.
type sameRows struct {
	of      *seenRows
	batches int
}

// Next implements metrics.Store. Of a batch that the other judge has not got from its
// store there is nothing.
func (s *sameRows) Next(features, logits []float32) (ok bool, err error) {
	s.batches++
	if s.of.batches != s.batches {
		return false, nil
	}
	copy(features, s.of.features)
	copy(logits, s.of.logits)
	return true, nil
}

// Append implements metrics.Store: the other one keeps them.
func (s *sameRows) Append(features, logits []float32) error { return nil }
