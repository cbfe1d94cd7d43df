package feature

// Limit is a limit in force, from the constant or the setting that the code enforces.
type Limit struct {
	Name    string
	Value   int64  // a rate or a size of 0 is not limited
	Unit    string // of Value, in the plural
	Window  int64  // of a rate, in seconds; 0: none
	Setting string // of the community or the installation that changes the value; "": fixed
}
