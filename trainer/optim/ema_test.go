package optim_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"innate/models"
	"innate/trainer/optim"
)

func TestEMABetaGolden(t *testing.T) {
	arrays := golden(t)
	for i, nimg := range arrays["ema_nimg"].Data {
		got, want := optim.EMABeta(int64(nimg), 64, 10, 0.05), arrays["ema_beta"].Data[i]
		if math.Abs(got-want) > 1e-12*want {
			t.Errorf("nimg %v: decay %.15g, want %.15g", nimg, got, want)
		}
	}
}

func TestEMABetaByHand(t *testing.T) {
	for _, c := range []struct {
		nimg       int64
		batch      int
		kimg, ramp float64
		want       float64
	}{
		{0, 64, 500, 0.05, 0},                       // the first step takes the parameters as they are
		{0, 500, 0.5, 0, 0.5},                       // no ramp: one half-life
		{10_000, 500, 500, 0.05, 0.5},               // the ramp's half-life is 500 images
		{20_000_000, 1000, 500, 0.05, 0.9986146661}, // past the ramp
	} {
		got := optim.EMABeta(c.nimg, c.batch, c.kimg, c.ramp)
		if math.Abs(got-c.want) > 1e-9 {
			t.Errorf("EMABeta(%d, %d, %v, %v) = %v, want %v", c.nimg, c.batch, c.kimg, c.ramp, got, c.want)
		}
	}
}

func sets(values ...[]float32) (ema, params *models.ParamSet) {
	ema, params = models.NewParamSet(), models.NewParamSet()
	for i, v := range values {
		p := params.Add(param(string(rune('a'+i)), v...))
		ema.Add(models.NewParam(p.Name, p.Shape...))
	}
	return ema, params
}

func TestEMAUpdate(t *testing.T) {
	ema, params := sets([]float32{1, 1.0 / 3}, []float32{-4})
	e, err := optim.NewEMA(ema, params, newDevice(t, 2))
	if err != nil {
		t.Fatal(err)
	}
	ema.Get("a").Data[1] = 1e8 // decay 0 forgets it without a trace
	e.Update(0)
	if !slices.Equal(ema.Get("a").Data, params.Get("a").Data) || ema.Get("b").Data[0] != -4 {
		t.Errorf("decay 0: %v %v", ema.Get("a").Data, ema.Get("b").Data)
	}
	params.Get("b").Data[0] = 4
	e.Update(0.75)
	if got := ema.Get("b").Data[0]; got != -2 {
		t.Errorf("decay 0.75 between -4 and 4: %v, want -2", got)
	}
	e.Update(1)
	if got := ema.Get("b").Data[0]; got != -2 {
		t.Errorf("decay 1: %v, want -2", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("decay NaN: no panic")
		}
	}()
	e.Update(math.NaN())
}

func TestEMAErrors(t *testing.T) {
	ema, params := sets([]float32{1, 2})
	short, _ := sets([]float32{1})
	other := models.NewParamSet()
	other.Add(param("z", 1))
	for want, avg := range map[string]*models.ParamSet{
		`average of "a": shape [1], want [2]`: short,
		`average of "z": no such parameter`:   other,
		`average of "a": the same tensor`:     params,
	} {
		if _, err := optim.NewEMA(avg, params, newDevice(t, 1)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if _, err := optim.NewEMA(ema, params, newDevice(t, 1)); err != nil {
		t.Error(err)
	}
}
