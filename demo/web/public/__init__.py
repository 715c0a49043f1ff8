"""Where visitors' browsers have the app: behind a proxy that is another origin and path than the
server's, and the page, its addresses and the check of foreign origins go by it. Imports
demo.web.addresses only."""
