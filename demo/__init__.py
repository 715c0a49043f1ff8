"""The app: a page of tabs over the public names of `vqvae`.

Import order, each line knowing only those below it:

    interface, api                create_app(): the header, the loop over the tabs; what programs
                                  may call
    tabs                          one tab a folder: its components, what its page asks, its scripts
    page                          what every tab is handed and shares: header, theme, scripts
    models, runs, charts          checkpoints, trainings and figures, without any component
    pictures, background          pictures of people; work beside the page
    settings, session, text, ...  plain values, and what whoever starts the app may choose

    web                           the web server around it, and who may talk to it; only app.py
                                  imports it
"""
