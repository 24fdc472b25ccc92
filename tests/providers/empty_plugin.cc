// A shared library without a provider.
int nothing_of_ours();
int nothing_of_ours() { return 0; }
