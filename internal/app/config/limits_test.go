package config_test

import (
	"os"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/app/config"
)

func TestLimitsNameTheSettingsThatChangeThem(t *testing.T) {
	source, err := os.ReadFile("config.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range (config.Limits{}).InForce() {
		if !strings.Contains(string(source), `env:"`+one.Setting+`"`) {
			t.Errorf("%s: there is no setting %s", one.Name, one.Setting)
		}
	}
	defaults, err := config.Default()
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range defaults.InForce() {
		if one.Value == 0 {
			t.Errorf("%s has no value by default", one.Name)
		}
	}
}
