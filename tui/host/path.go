package host

import (
	"strings"

	"innate/configs"
)

// TypedPath reads a path typed into a prompt as a shell would: quotes and
// backslashes keep what they protect, and outside of them ~ is a home directory
// and $NAME a variable. Spaces need no protection, since there is one path. What
// is no shell's word, having a quote without its partner, stays as it is.
func (o *Options) TypedPath(s string) string {
	s = strings.TrimSpace(s)
	word, quote := strings.Builder{}, byte(0)
	home := strings.HasPrefix(s, "~")
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == quote:
			quote = 0
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
		case c == '\\' && quote != '\'' && i+1 < len(s):
			i++
			word.WriteByte(s[i])
		case c == '$' && quote != '\'':
			n := len(variable(s[i+1:]))
			value := o.Getenv(s[i+1 : i+1+n])
			if value == "" {
				value = s[i : i+1+n]
			}
			word.WriteString(value)
			i += n
		default:
			word.WriteByte(c)
		}
	}
	if quote != 0 {
		return configs.ExpandHome(s)
	}
	if home {
		return configs.ExpandHome(word.String())
	}
	if p := word.String(); strings.HasPrefix(p, "~") {
		return "./" + p // it was protected
	}
	return word.String()
}

// variable is the name of a variable that s begins with.
func variable(s string) string {
	end := strings.IndexFunc(s, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
	if end < 0 {
		return s
	}
	return s[:end]
}
