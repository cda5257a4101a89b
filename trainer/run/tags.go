package run

import (
	"errors"
	"slices"
	"strings"
)

// Note changes the tags of a run by words, and its note where text is not nil; an
// empty text takes the note away. The words a and +a add the tag a, -a takes it away,
// which is no error where it is not there. All of it applies, or on an error nothing.
func Note(dir string, words []string, text *string) error {
	for _, word := range words {
		if strings.TrimLeft(word, "+-") == "" {
			return errors.New("run: tag: got an empty one, want a, +a or -a")
		}
	}
	return EditAbout(dir, func(a *About) {
		for _, word := range words {
			tag, remove := strings.CutPrefix(word, "-")
			if remove {
				a.Tags = slices.DeleteFunc(a.Tags, func(t string) bool { return t == tag })
				continue
			}
			a.Tags = append(a.Tags, strings.TrimPrefix(word, "+"))
		}
		if text != nil {
			a.Note = strings.TrimSpace(*text)
		}
	})
}

// Tagged reports whether a has all of some tags; one that begins with an exclamation
// mark must not be there.
func (a About) Tagged(tags []string) bool {
	for _, tag := range tags {
		tag, not := strings.CutPrefix(tag, "!")
		if slices.Contains(a.Tags, tag) == not {
			return false
		}
	}
	return true
}

// TagsOf lists the tags that some of the runs have, in order.
func TagsOf(infos []Info) []string {
	var tags []string
	for i := range infos {
		tags = append(tags, infos[i].About.Tags...)
	}
	slices.Sort(tags)
	return slices.Compact(tags)
}
