package ui

import "testing"

func TestAccentIsLegibleInBothThemes(t *testing.T) {
	for _, hex := range []string{"#000000", "#ffffff", "#ffd400", "#4f46e5", "#0f8a6d", "#ff0000", "#808080", "#00ff00", "#0000ff"} {
		c, ok := parseColour(hex)
		if !ok {
			t.Fatalf("%s is no colour", hex)
		}
		light, dark := c.readableOn(lightGround, black), c.readableOn(darkGround, white)
		for what, got := range map[string]float64{
			"light": contrast(light, lightGround), "dark": contrast(dark, darkGround),
			"on light": contrast(readableText(light), light), "on dark": contrast(readableText(dark), dark),
		} {
			if got < readable {
				t.Errorf("%s %s: contrast %.2f", hex, what, got)
			}
		}
	}
	if _, ok := parseColour("#12345g"); ok {
		t.Error("#12345g is taken for a colour")
	}
	if accentPath(`red;}body{display:none`) != "" {
		t.Error("text that is no colour gets into an address")
	}
}
