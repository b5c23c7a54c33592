"""The ground floor: text, files, cores. Everybody may stand on it; it imports nothing of ours."""
