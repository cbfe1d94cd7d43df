package source

import "testing"

func TestNearNamesAreSuggested(t *testing.T) {
	tests := []struct {
		a, b string
		want int
	}{{"email", "email", 0}, {"emial", "email", 1}, {"emal", "email", 1}, {"username", "user", 3}, {"", "abc", 3}}
	for _, test := range tests {
		if got := distance(test.a, test.b, 2); got != test.want {
			t.Errorf("from %q to %q: %d, want %d", test.a, test.b, got, test.want)
		}
	}
}
