package machine

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"innate/models/nvml"
	"innate/trainer/run"
	"innate/tui/host"
	"innate/tui/machine"
	"innate/tui/theme"
	"innate/tui/widget"
)

// heading says whose load it is: of a run on another machine it is not that one's.
func (v *View) heading() string {
	if v.h.Options().Remote == nil {
		return "Machine"
	}
	where, _ := v.h.Options().Remote.State()
	return "This machine; the run is on " + widget.Plain(where)
}

func (v *View) drawGauges(r host.Rect) []string {
	t := v.h.Theme()
	var info []string
	if n := len(v.load.Cores); n > 0 {
		info = append(info, t.Dim.Render(fmt.Sprintf("%d cores", n)))
	}
	if r.W < 110 && len(v.runs) > 0 { // there is no frame for them
		info = append(info, t.Warn.Render(fmt.Sprintf("other runs: %d", len(v.runs))))
	}
	return host.Framed(v.h.Theme(), r, v.heading(), true, func(w, h int) string {
		return widget.Block(widget.Gauges(t, v.gauges(), w, h), w, h, t.Glyphs.Ellipsis)
	}, info...)
}

// gauges measure everything there is, from the processor to the images.
func (v *View) gauges() []widget.Gauge {
	t, l, p := v.h.Theme(), v.load, v.trainer()
	st := &v.h.Run().Info.Status
	cores := float64(len(l.Cores))
	memory := partOf(float64(l.MemUsed), float64(l.MemTotal))
	used := partOf(float64(v.disk.Total-v.disk.Free), float64(v.disk.Total))

	gauges := []widget.Gauge{
		{Name: "CPU", Share: l.CPU(), Value: percentOf(l.CPU()), Detail: v.averages(), Past: v.past["cpu"], Max: 1, Ink: t.Series[1]},
		{Name: "trainer", Share: partOf(p.Cores, cores), Value: unknownOr(p.Cores, "%.2f cores"), Detail: v.trainerDetail(),
			Past: v.past["trainer"], Max: cores, Ink: t.Series[1]},
		{Name: "memory", Share: memory, Value: ofBytes(float64(l.MemUsed), float64(l.MemTotal)), Detail: v.memoryDetail(),
			Past: v.past["memory"], Max: 1, Ink: fullness(t, memory)},
		{Name: "disk", Share: used, Value: freeBytes(v.disk), Detail: v.diskDetail(), Past: v.past["disk"], Ink: fullness(t, used)},
	}
	if n := len(st.Ranks); n > 0 {
		gauges = append(gauges, widget.Gauge{Name: "ranks", Detail: fmt.Sprintf("%d processes  %s", n, ranksDetail(st.Ranks)), Flat: true})
	}
	gpus := v.allGPUs()
	for _, g := range gpus {
		gauges = append(gauges, widget.Gauge{Name: gpuName(g), Share: float64(g.Use), Value: percentOf(float64(g.Use)), Detail: gpuDetail(t, g),
			Past: v.past[gpuName(g)], Max: 1, Ink: t.Series[1]})
	}
	if len(gpus) == 0 {
		why := "looking"
		if v.noGPU != nil {
			why = v.noGPU.Error()
		}
		gauges = append(gauges, widget.Gauge{Name: "GPU", Detail: why, Flat: true})
	}
	speed := math.NaN()
	if st.State == run.StateRunning {
		speed = st.ImagesPerSec
	}
	return append(gauges, widget.Gauge{Name: "speed", Share: math.NaN(), Value: unknownOr(speed, "%.1f img/s"),
		Detail: "of training, over the last ticks", Past: v.speed(), Ink: t.Series[0]})
}

// ranksDetail lists the processes that train together, machine by machine.
func ranksDetail(ranks []run.Rank) string {
	var b strings.Builder
	for i, r := range ranks {
		switch {
		case i == 0:
			fmt.Fprintf(&b, "%s: %d", widget.Plain(r.Host), r.PID)
		case r.Host != ranks[i-1].Host:
			fmt.Fprintf(&b, "  %s: %d", widget.Plain(r.Host), r.PID)
		default:
			fmt.Fprintf(&b, " %d", r.PID)
		}
	}
	return b.String()
}

// fullness warns of what is nearly used up.
func fullness(t *theme.Theme, share float64) theme.Ink {
	switch {
	case share >= 0.97:
		return t.Bad
	case share >= 0.9:
		return t.Warn
	}
	return t.Series[1]
}

func percentOf(share float64) string { return unknownOr(100*share, "%.0f %%") }

// unknownOr writes a number, a dash for none.
func unknownOr(v float64, format string) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "-"
	}
	return fmt.Sprintf(format, v)
}

func ofBytes(part, whole float64) string {
	if !(whole > 0) {
		return "-"
	}
	// One unit for both, so that they compare at a glance.
	unit, div := "GB", 1e9
	if whole < 1e9 {
		unit, div = "MB", 1e6
	}
	return fmt.Sprintf("%.1f / %.1f %s", part/div, whole/div, unit)
}

func freeBytes(d machine.Disk) string {
	if d.Total == 0 {
		return "-"
	}
	return widget.Bytes(float64(d.Free)) + " free"
}

func (v *View) averages() string {
	if avg := v.load.Average; !math.IsNaN(avg[0]) {
		return fmt.Sprintf("load %.2f  %.2f  %.2f", avg[0], avg[1], avg[2])
	}
	return ""
}

func (v *View) trainerDetail() string {
	info := &v.h.Run().Info
	switch p := v.load.Procs[info.Status.PID]; {
	case !info.Alive:
		return "there is none"
	case p.RSS == 0:
		return fmt.Sprintf("pid %d is not to be seen here", info.Status.PID)
	default:
		return fmt.Sprintf("pid %d  %d threads  %s %s%d", info.Status.PID, p.Threads, widget.Plain(info.Status.Kernels), v.h.Theme().Glyphs.Times, info.Status.Threads)
	}
}

func (v *View) memoryDetail() string {
	if p := v.trainer(); p.RSS > 0 {
		return "trainer " + widget.Bytes(float64(p.RSS))
	}
	return ""
}

func (v *View) diskDetail() string {
	if v.disk.Total == 0 && v.disk.Bytes == 0 {
		return ""
	}
	s := "run " + widget.Bytes(float64(v.disk.Bytes))
	if v.disk.More {
		s += " or more"
	}
	if p := v.trainer(); !math.IsNaN(p.Written) {
		s += "  writes " + widget.Bytes(p.Written) + "/s"
	}
	return s
}

func gpuName(g nvml.GPU) string { return fmt.Sprintf("GPU %d", g.Index) }

func gpuDetail(t *theme.Theme, g nvml.GPU) string {
	degrees := "°C"
	if t.Glyphs.ASCII {
		degrees = "C"
	}
	parts := []string{ofBytes(float64(g.MemUsed), float64(g.MemTotal))}
	if g.Celsius.Known() {
		parts = append(parts, fmt.Sprintf("%.0f %s", g.Celsius, degrees))
	}
	if g.Watts.Known() {
		parts = append(parts, fmt.Sprintf("%.0f W", g.Watts))
	}
	if g.MHz.Known() {
		parts = append(parts, fmt.Sprintf("%.0f MHz", g.MHz))
	}
	return strings.Join(append(parts, g.Name), "  ")
}

// stageNames explain the keys of run.Status.StageMs.
var stageNames = map[string]string{
	"g": "generator", "d": "discriminator", "r1": "gradient penalty", "step": "training step",
	"data": "data", "ema": "average", "layers": "layer statistics", "fid": "FID", "checkpoint": "checkpoint", "sample": "samples",
}

func (v *View) drawStages(r host.Rect) []string {
	t, st := v.h.Theme(), &v.h.Run().Info.Status
	return host.Framed(v.h.Theme(), r, "Time of a step", false, func(w, h int) string {
		if len(st.StageMs) == 0 {
			return widget.Centered([]string{t.Dim.Render("no step has been timed yet")}, w, h, t.Glyphs.Ellipsis)
		}
		return widget.Block(stageLines(t, st.StageMs, w, h), w, h, t.Glyphs.Ellipsis)
	})
}

// stageLines draws a bar for each stage, the slowest first; together they are
// the step.
func stageLines(t *theme.Theme, ms map[string]float64, w, h int) []string {
	const nameW, numbersW = 18, 20
	total := 0.0
	for _, v := range ms {
		total += max(v, 0)
	}
	names := slices.SortedFunc(maps.Keys(ms), func(x, y string) int {
		return cmp.Or(cmp.Compare(ms[y], ms[x]), cmp.Compare(x, y))
	})
	line := func(name string, ink theme.Ink, v, part float64) string {
		return "  " + widget.Fit(name, nameW, t.Glyphs.Ellipsis) + widget.Meter(t, ink, max(w-nameW-numbersW-4, 0), part) +
			widget.FitLeft(fmt.Sprintf("%.1f ms", v), 12) + t.Dim.Render(widget.FitLeft(fmt.Sprintf("%.1f %%", 100*part), 8))
	}
	gap := h >= 2*len(names)+2
	var lines []string
	for _, k := range names {
		name := widget.Plain(k)
		if long, ok := stageNames[k]; ok {
			name = long
		}
		v := max(ms[k], 0)
		lines = append(lines, line(name, t.Series[0], v, v/max(total, 1e-9)))
		if gap {
			lines = append(lines, "")
		}
	}
	if !gap && h > len(lines)+1 {
		lines = append(lines, "")
	}
	return append(lines, line("together", t.Dim, total, 1))
}

// coreW is the room of one core's meter.
const coreW = 24

// drawCores shows how busy every core is, in columns.
func (v *View) drawCores(r host.Rect) []string {
	t, cores := v.h.Theme(), v.load.Cores
	return host.Framed(v.h.Theme(), r, "Cores", false, func(w, h int) string {
		columns := max((w-2)/coreW, 1)
		rows := (len(cores) + columns - 1) / columns
		lines := make([]string, rows)
		for i, busy := range cores {
			lines[i%rows] += "  " + t.Dim.Render(widget.FitLeft(fmt.Sprint(i), 3)) + " " +
				widget.Meter(t, t.Series[1], coreW-12, busy) + widget.FitLeft(percentOf(busy), 6)
		}
		return widget.Block(lines, w, h, t.Glyphs.Ellipsis)
	})
}

// coresHeight is what the frame of cores needs in so many cells of width.
func (v *View) coresHeight(w int) int {
	columns := max((w-4)/coreW, 1)
	return max((len(v.load.Cores)+columns-1)/columns, 1) + 2
}

// drawRuns lists the other runs that share the machine, with as many columns as
// leave their names some room.
func (v *View) drawRuns(r host.Rect) []string {
	t := v.h.Theme()
	const gap = 2
	columns := []struct {
		name string
		w    int
	}{{"CPU", 11}, {"memory", 9}, {"speed", 12}, {"state", 11}}
	title, none := "Other runs here", "this run has the machine to itself"
	if v.h.Options().Remote != nil {
		title, none = "Other runs there", "none is followed"
	}
	return host.Framed(v.h.Theme(), r, title, false, func(w, h int) string {
		if len(v.runs) == 0 {
			return widget.Centered([]string{t.Dim.Render(none)}, w, h, t.Glyphs.Ellipsis)
		}
		nameW, n := w-2*gap, 0
		for n < len(columns) && nameW-columns[n].w-gap >= 16 {
			nameW -= columns[n].w + gap
			n++
		}
		head := "  " + widget.Fit("run", nameW, "")
		for _, c := range columns[:n] {
			head += "  " + widget.FitLeft(c.name, c.w)
		}
		lines := []string{t.Dim.Render(head)}
		for _, info := range v.runs {
			cores, memory := "-", "-"
			if p, ok := v.load.Procs[info.Status.PID]; ok {
				cores, memory = unknownOr(p.Cores, "%.2f cores"), widget.Bytes(float64(p.RSS))
			}
			cells := []string{cores, memory, unknownOr(info.Status.ImagesPerSec, "%.1f img/s"), host.Badge(t, info.Status.State, "")}
			line := "  " + widget.Fit(widget.Plain(info.Name), nameW, t.Glyphs.Ellipsis)
			for i, c := range columns[:n] {
				line += "  " + widget.FitLeft(cells[i], c.w)
			}
			lines = append(lines, line)
		}
		return widget.Block(lines, w, h, t.Glyphs.Ellipsis)
	})
}
