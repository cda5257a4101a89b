package configs

// ForMethod returns the text of a configuration of another method with the settings of
// this one: what it states that the other method uses and that differs from the default
// of its own. Comments and layout are lost.
func ForMethod(text, method string) (string, error) {
	c, err := Parse("config.toml", text)
	if err != nil {
		return "", err
	}
	if _, err := Default(method); err != nil {
		return "", err
	}
	usual, err := Default(c.Method)
	if err != nil {
		return "", err
	}
	out := "name = " + quote(c.Name) + "\nmethod = " + quote(method) + "\n"
	for _, f := range schema {
		if f.key == "name" || f.key == "method" || !f.usedBy(c.Method) || !f.usedBy(method) {
			continue
		}
		value := format(f.of(c).Interface())
		if value == format(f.of(usual).Interface()) {
			continue
		}
		if out, err = Set(out, f.key, value); err != nil {
			return "", err
		}
	}
	return out, nil
}
