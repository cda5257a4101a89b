package theme

// Glyphs are the non-alphanumeric characters of the workbench, each one cell
// wide but for Arrows, To and PlusMinus, which stand in texts.
type Glyphs struct {
	ASCII bool

	TopLeft, TopRight, BottomLeft, BottomRight, Horizontal, Vertical string

	AxisY, AxisTickY, AxisX, AxisTickX, AxisCorner string

	BarDone, BarEdge, BarRest string

	Open, Folded, Cursor    string
	Frozen, Training, Mixed string
	Pending                 string
	Dot, Line, Ellipsis     string
	Pause, Resume, Stop     string
	Config, Checkpoint, FID string
	Sample, Error, Done     string
	Arrows, Times, Lock     string
	PlusMinus               string

	Up, Down, To string    // directions of an order, and what a value becomes
	Left         string    // where a branch of a curve was left
	None, Change string    // no value, and the part of a bar that will change
	Skip         string    // a skip connection
	Spark        [8]string // eighths of a cell, for small graphs

	MapFrozen, MapMixed, MapTraining string // bars of the map of a network
}

var unicodeGlyphs = Glyphs{
	TopLeft: "╭", TopRight: "╮", BottomLeft: "╰", BottomRight: "╯", Horizontal: "─", Vertical: "│",
	AxisY: "│", AxisTickY: "┤", AxisX: "─", AxisTickX: "┬", AxisCorner: "╰",
	BarDone: "━", BarEdge: "╸", BarRest: "─",
	Open: "▾", Folded: "▸", Cursor: "›",
	Frozen: "❄", Training: "●", Mixed: "◐",
	Pending: "…",
	Dot:     "●", Line: "━", Ellipsis: "…",
	Pause: "‖", Resume: "▸", Stop: "■",
	Config: "✎", Checkpoint: "▪", FID: "◆",
	Sample: "▦", Error: "✗", Done: "✓",
	Arrows: "↑↓", Times: "×", Lock: "⊘", PlusMinus: "±",
	Up: "↑", Down: "↓", To: "→",
	Left: "×",
	None: "·", Change: "━", Skip: "╌",
	MapFrozen: "░", MapMixed: "▒", MapTraining: "█",
	Spark: [8]string{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"},
}

var asciiGlyphs = Glyphs{
	ASCII:   true,
	TopLeft: "+", TopRight: "+", BottomLeft: "+", BottomRight: "+", Horizontal: "-", Vertical: "|",
	AxisY: "|", AxisTickY: "+", AxisX: "-", AxisTickX: "+", AxisCorner: "+",
	BarDone: "#", BarEdge: "#", BarRest: "-",
	Open: "-", Folded: "+", Cursor: ">",
	Frozen: "F", Training: "t", Mixed: "m",
	Pending: "~",
	Dot:     "*", Line: "-", Ellipsis: "~",
	Pause: "=", Resume: ">", Stop: "#",
	Config: "C", Checkpoint: "k", FID: "f",
	Sample: "s", Error: "!", Done: "+",
	Arrows: "up/dn", Times: "x", Lock: "=", PlusMinus: "+-",
	Up: "^", Down: "v", To: "->",
	Left: "]",
	None: ".", Change: "~", Skip: ".",
	MapFrozen: "F", MapMixed: "m", MapTraining: "t",
	Spark: [8]string{"_", ".", ",", "-", "=", "+", "*", "#"},
}

// Event returns the glyph for an event kind of the run log; unknown kinds get
// a dot.
func (g *Glyphs) Event(kind string) string {
	switch kind {
	case "freeze":
		return g.Frozen
	case "config":
		return g.Config
	case "checkpoint":
		return g.Checkpoint
	case "fid":
		return g.FID
	case "sample":
		return g.Sample
	case "pause":
		return g.Pause
	case "start", "resume":
		return g.Resume
	case "stop":
		return g.Stop
	case "error":
		return g.Error
	case "done":
		return g.Done
	}
	return g.Dot
}
