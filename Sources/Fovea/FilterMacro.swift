#if FilterMacro
    import Filters
    import Tracking

    /// A filter whose text is parsed while the program is built: a mistake in it is an error of the build, at its place in the literal.
    ///
    ///     static let filter = #filter("tcp.port == 443 and tls.sni ends_with '.example.org'")
    ///
    /// Of fields it knows those that Fovea ships, and of lists none, for these come with the config. There with the package's trait `FilterMacro`.
    @freestanding(expression) public macro filter(_ text: String) -> Filter = #externalMacro(module: "FilterMacros", type: "FilterMacro")

    extension Filter {
        /// What `#filter` becomes: reads a text that the same parser has read before.
        public init(checked text: String) {
            do throws(FilterError) {
                self = try Filter(parsing: text)
            } catch {
                fatalError("a filter that was not checked while building: \(error)")
            }
        }
    }
#endif
