// Only there to have headers precompiled once (Headers.cmake).
