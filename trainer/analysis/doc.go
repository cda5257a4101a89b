// Package analysis looks into networks: what training changed of their weights, how
// their blocks depend on the noise level, what power their images have at which
// frequency, how far a student lies from its teacher, and what it costs to put the
// teacher's weights back. Each is a figures.Report.
//
// Definitions are innate's own where the papers of GDD and D2O name an experiment and
// not how it was computed; every report says so. All sums are of float64 in a fixed
// order on one thread, so that a report does not depend on how many threads run the
// network, and everything drawn comes from a seed that the report states.
package analysis
