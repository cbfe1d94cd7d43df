package pgtest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
)

// Programs returns the directory of initdb and postgres: $PG_BIN, else the one
// on PATH, else Debian's directory of the newest version.
func Programs() (string, error) {
	candidates := []string{os.Getenv("PG_BIN")}
	if found, err := exec.LookPath("initdb"); err == nil {
		candidates = append(candidates, filepath.Dir(found))
	}
	debian, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", err
	}
	sort.Sort(sort.Reverse(sort.StringSlice(debian)))
	for _, dir := range append(candidates, debian...) {
		if dir != "" && isExecutable(filepath.Join(dir, "initdb")) && isExecutable(filepath.Join(dir, "postgres")) {
			return dir, nil
		}
	}
	return "", errors.New("PostgreSQL server programs not found: install postgresql, or set PG_BIN to the directory of initdb")
}

func isExecutable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir() && info.Mode()&0o111 != 0
}
