import Fovea

FoveaCommand.main(subscriptions: [FlowSizes.self])
