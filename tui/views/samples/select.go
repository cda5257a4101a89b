package samples

import (
	"fmt"
	"image"

	tea "charm.land/bubbletea/v2"

	"innate/tui/host"
)

// click selects the sample under the pointer; the selected one is enlarged.
func (v *View) click(r host.Rect, e tea.Mouse) {
	before := v.stage
	if before == stageTile || before == stageGrid && v.Select() != nil {
		return
	}
	at := v.parts(r).picture
	v.composed(at)
	k := v.h.Canvas(at)
	x, y := (e.X-at.X-v.plate.dx)*k.CellW, (e.Y-at.Y-v.plate.dy)*k.CellH
	for place := range v.plate.grid.Tiles {
		if !image.Pt(x, y).In(v.plate.grid.Spot(place)) {
			continue
		}
		hit := v.plate.grid.Layout.Index(place)
		if hit == v.cell && before == stageSelect {
			v.stage = stageTile
		}
		v.cell = hit
	}
}

// Select goes one stage closer, or says why it cannot.
func (v *View) Select() error {
	grid, _ := v.source()
	switch {
	case grid == nil:
		return fmt.Errorf("select: no samples yet")
	case v.tiles().Len() < 1:
		return fmt.Errorf("select: the size of one sample is unknown")
	case v.stage == stageSelect:
		v.stage = stageTile
	case v.stage != stageTile:
		v.stage = stageSelect
	}
	return nil
}

// enlarge is the key of Select.
func (v *View) enlarge() tea.Cmd {
	if err := v.Select(); err != nil {
		return v.h.Fail(err)
	}
	return nil
}

// move moves the cursor over the grid by columns and rows.
func (v *View) move(dx, dy int) tea.Cmd {
	t := v.tiles()
	down := t.Cols()
	if l := v.plate.grid.Layout; v.stage == stageSelect && l.Cols > 0 {
		down = l.Stride() // as it shows
	}
	if to := v.cell + dx + dy*down; to >= 0 && to < t.Len() {
		v.cell = to
	}
	return nil
}
