"""What every tab is handed and shares on the page: header, theme, components' parts, scripts."""
