package kernels_test

import (
	"math"
	"testing"
	"time"

	"innate/models/kernels"
)

// TestMeasurePeak checks that every implementation has a peak. How high it is
// only a benchmark can say: BenchmarkPeak, beside BenchmarkConv.
func TestMeasurePeak(t *testing.T) {
	eachImpl(t, func(t *testing.T) {
		p := kernels.NewPool(2)
		defer p.Close()
		if peak := kernels.MeasurePeak(p, time.Millisecond); peak <= 0 || math.IsInf(peak, 0) || math.IsNaN(peak) {
			t.Errorf("got a peak of %v FLOP/s", peak)
		}
	})
}

func BenchmarkPeak(b *testing.B) {
	p := kernels.NewPool(1)
	defer p.Close()
	for b.Loop() {
		b.ReportMetric(kernels.MeasurePeak(p, 100*time.Millisecond)/1e9, "GFLOP/s")
	}
}
