package member

import (
	"net/url"
	"testing"
)

func TestAddressRoundTripsTheQuery(t *testing.T) {
	for _, address := range []string{"/m", "/m?q=ada", "/m?q=ada&role=r1&sort=-email&tag=t1", "/m?col=email&col=phone&page=3", "/m?page=2&q=a%26b", "/m?after=x&page=19000", "/m?before=y&job=j&page=7"} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := ParseQuery("/m", u.Query()).Address(); got != address {
			t.Errorf("%s becomes %s", address, got)
		}
	}
	if got := ParseQuery("/m", url.Values{"page": {"x"}, "q": {"  "}, "col": usualColumns}).Address(); got != "/m" {
		t.Errorf("what says nothing is kept: %s", got)
	}
	for _, address := range []string{"page=201", "page=1&after=x", "after=x"} { // too many members before it, or the first page
		query, err := url.ParseQuery(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := ParseQuery("/m", query).Address(); got != "/m" {
			t.Errorf("%s becomes %s", address, got)
		}
	}
}
