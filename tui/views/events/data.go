package events

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"innate/tui/widget"
)

// maxDetail bounds, in bytes, what is shown of one text or value of an event.
const maxDetail = 20_000

// datum is one value of an event's data.
type datum struct{ name, text string }

// dataLines writes an event's data by name; what changed as its
// old and new value with an arrow between.
func dataLines(data map[string]any, to string) []datum {
	var list []datum
	for _, name := range slices.Sorted(maps.Keys(data)) {
		text := ""
		if pair, ok := data[name].(map[string]any); ok && len(pair) == 2 && pair["old"] != nil && pair["new"] != nil {
			text = datumText(pair["old"]) + " " + to + " " + datumText(pair["new"])
		} else {
			text = datumText(data[name])
		}
		list = append(list, datum{name, text})
	}
	return list
}

func datumText(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error() // what came from JSON has a JSON
	}
	return string(b)
}

// wrapPlain breaks a text into lines of at most w cells, also in the middle of
// words that are longer. Its own line ends stay.
func wrapPlain(s string, w int) []string {
	if len(s) > maxDetail {
		s = s[:maxDetail]
	}
	var lines []string
	for part := range strings.SplitSeq(strings.ReplaceAll(s, "\r\n", "\n"), "\n") {
		lines = append(lines, strings.Split(ansi.Wrap(widget.Plain(part), w, " "), "\n")...)
	}
	return lines
}
