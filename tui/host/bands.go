package host

import (
	"fmt"

	"innate/tui/session"
	"innate/tui/widget"
)

// Bands are the error bars of a judge's chart: of what was measured of the run over
// several ranges of seeds, as innate results and the evaluation at the end do.
func Bands(r *session.Run, metric string) []widget.Band {
	var list []widget.Band
	for _, s := range r.Ranges(metric) {
		list = append(list, widget.Band{
			X: float64(s.Nimg) / 1000, Mean: s.Mean, SD: s.SD, Best: s.Best.Value,
			Label: fmt.Sprintf("%d x %s: %s SD %s best %s", len(s.Values), widget.Count(int64(s.N)), widget.Value(s.Mean), widget.Value(s.SD), widget.Value(s.Best.Value)),
		})
	}
	return list
}
