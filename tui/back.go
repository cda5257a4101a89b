package tui

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/control"
	"innate/trainer/run"
	"innate/tui/host"
	"innate/tui/widget"
)

// errNoWayBack says that there is nothing to go back to.
var errNoWayBack = errors.New("back: no checkpoint from before a live change")

// askBack asks whether the run shall go back to before its last live change that is not
// undone already.
func (a *App) askBack() tea.Cmd {
	if err := a.run.MustRun("back"); err != nil {
		return a.Fail(err)
	}
	st := &a.run.Info.Status
	for _, w := range st.WaysBack {
		if w.Nimg <= st.Nimg {
			return a.askBackTo(w)
		}
	}
	return a.Fail(errNoWayBack)
}

func (a *App) askBackTo(w run.WayBack) tea.Cmd {
	at := strconv.FormatFloat(float64(w.Nimg)/1000, 'f', -1, 64)
	return a.Ask(host.Question{
		Title: "Back",
		Text:  fmt.Sprintf("Go back to %s kimg, to before %s?", at, widget.Plain(w.Before)),
		Yes: func() tea.Cmd {
			nimg := w.Nimg
			return a.run.Order("back at "+at+" kimg", func(ctx context.Context) (run.Status, error) {
				return a.run.Client.Back(ctx, control.BackRequest{Nimg: &nimg})
			})
		},
	})
}

// commandBack is askBack, or with a number of kimg for an earlier change.
func (a *App) commandBack(args []string) tea.Cmd {
	if len(args) == 0 {
		return a.askBack()
	}
	kimg, err := strconv.ParseFloat(args[0], 64)
	if err != nil || len(args) > 1 {
		return a.Fail(errors.New("back: want at most the kimg of a change"))
	}
	for _, w := range a.run.Info.Status.WaysBack {
		if w.Nimg == int64(math.Round(kimg*1000)) {
			return a.askBackTo(w)
		}
	}
	return a.Fail(fmt.Errorf("%w at %v kimg", errNoWayBack, kimg))
}

// offerBack offers the changes that there are ways back from.
func (a *App) offerBack(string) (list []string) {
	if a.run == nil {
		return nil
	}
	for _, w := range a.run.Info.Status.WaysBack {
		list = append(list, strconv.FormatFloat(float64(w.Nimg)/1000, 'f', -1, 64))
	}
	return list
}
