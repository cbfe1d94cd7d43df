package pgtest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
)

// Programs returns the folder that holds initdb and postgres: $PG_BIN, else
// where PATH finds initdb, else Debian's folder of the newest version.
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
		if dir != "" && runnable(filepath.Join(dir, "initdb")) && runnable(filepath.Join(dir, "postgres")) {
			return dir, nil
		}
	}
	return "", errors.New("no PostgreSQL server programs: install postgresql, or set PG_BIN to the folder of initdb")
}

func runnable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir() && info.Mode()&0o111 != 0
}
