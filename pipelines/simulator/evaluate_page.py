"""stub."""
def render_evaluation(content):
    return ""
